"""Sound: mu-law, resampling, WAV files, voice activity, endpointing."""
