"""What each API asks of the authorizer before its handler sees the request, and after."""
