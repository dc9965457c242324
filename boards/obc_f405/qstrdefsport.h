// No interned strings beyond those collected from the sources.
