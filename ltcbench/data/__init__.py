"""Raw data: dataset cards, mirrors, downloads with resume and checksum, safe unpacking."""
