------------------------------ MODULE TwoPhase ------------------------------
(* Two-phase commit, action for action as examples/two_phase.py has it. *)
CONSTANT RM
VARIABLES rm, tm, prepared, messages
vars == <<rm, tm, prepared, messages>>

Init == /\ rm = [r \in RM |-> "working"]
        /\ tm = "init"
        /\ prepared = {}
        /\ messages = {}

Prepare(r) == /\ rm[r] = "working"
              /\ rm' = [rm EXCEPT ![r] = "prepared"]
              /\ messages' = messages \cup {<<"prepared", r>>}
              /\ UNCHANGED <<tm, prepared>>
AbortAlone(r) == /\ rm[r] = "working"
                 /\ rm' = [rm EXCEPT ![r] = "aborted"]
                 /\ UNCHANGED <<tm, prepared, messages>>
Note(r) == /\ tm = "init"
           /\ <<"prepared", r>> \in messages
           /\ prepared' = prepared \cup {r}
           /\ UNCHANGED <<rm, tm, messages>>
Commit == /\ tm = "init"
          /\ prepared = RM
          /\ tm' = "committed"
          /\ messages' = messages \cup {<<"commit">>}
          /\ UNCHANGED <<rm, prepared>>
Abort == /\ tm = "init"
         /\ tm' = "aborted"
         /\ messages' = messages \cup {<<"abort">>}
         /\ UNCHANGED <<rm, prepared>>
LearnCommit(r) == /\ <<"commit">> \in messages
                  /\ rm' = [rm EXCEPT ![r] = "committed"]
                  /\ UNCHANGED <<tm, prepared, messages>>
LearnAbort(r) == /\ <<"abort">> \in messages
                 /\ rm' = [rm EXCEPT ![r] = "aborted"]
                 /\ UNCHANGED <<tm, prepared, messages>>

Next == \/ Commit
        \/ Abort
        \/ \E r \in RM : \/ Prepare(r)
                         \/ AbortAlone(r)
                         \/ Note(r)
                         \/ LearnCommit(r)
                         \/ LearnAbort(r)

Consistent == \A a, b \in RM : ~(rm[a] = "committed" /\ rm[b] = "aborted")
=============================================================================
