"""`python -m fv_cli`: the same as `fv`."""

from fv_cli.main import main

raise SystemExit(main())
