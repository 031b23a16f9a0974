"""From content, labels and suggestions to a version: trained, evaluated beside the one that runs, and judged."""

from voicebot.learning.training.fine_tuning import FineTuning
from voicebot.learning.training.gathering import Material, gather
from voicebot.learning.training.training import Result, Running, TrainingError, register, train

__all__ = ["FineTuning", "Material", "Result", "Running", "TrainingError", "gather", "register", "train"]
