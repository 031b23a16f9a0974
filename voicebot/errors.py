"""The base of every error that a user may see."""


class VoicebotError(Exception):
    """Something a user can mend: the message is one sentence that says what is wrong, where, and what to do.

    The command line prints it without a traceback and exits with status 2.
    """
