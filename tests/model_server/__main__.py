"""`python3 -m tests.model_server PORT` serves scripted models; it logs a JSON line a request."""

import sys

from tests.model_server.server import serve

if __name__ == "__main__":
    serve(int(sys.argv[1]))
