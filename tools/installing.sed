# What uv or pip said, line by line -> the hint that fits its kind; nothing where none does.
/certificate/I {
	s|.*|This machine does not trust who signed that. Have the proxy's certificate put into the machine's store,\
or name its file: make SSL_CERT_FILE=/path/to/company.pem run|p
	q
}
/was not found in the package registry/ {
	s/.*/The package index lacks it./p
	q
}
/No solution found\|hash-checking is required\|match the hashes\|hash mismatch/I {
	s/.*/Changed pyproject.toml? Then: make lock/
	h
}
/Request failed\|Failed to fetch\|Retrying\|Could not fetch/ {
	s/.*/The package index can't be reached. Behind a proxy, set HTTPS_PROXY./
	h
}
$ {
	x
	/./p
}
