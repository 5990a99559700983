"""Pictures of machines, explored graphs and traces: projected from data, never drawn by hand."""

from diagrams.diagram import Diagram
from diagrams.paths import available
from diagrams.render import drawer
from diagrams.sequence import sequence
from diagrams.state_diagram import state_diagram

__all__ = ["Diagram", "available", "drawer", "sequence", "state_diagram"]
