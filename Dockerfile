# The bot, its page and its alerts: docs/service.md. Everything installed is pinned, with its hash, by requirements.lock.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml requirements.lock README.md LICENSE ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.txt \
	&& python -m venv /build \
	&& /build/bin/python -m pip install --no-cache-dir --require-hashes --requirement uv.txt \
	&& /build/bin/uv pip install --no-cache --python /build/bin/python --require-hashes \
		--constraint requirements.lock --group build \
	&& python -m venv --without-pip /livestory \
	&& /build/bin/uv pip install --no-cache --python /livestory/bin/python --require-hashes --compile-bytecode \
		--constraint requirements.lock --requirement pyproject.toml --extra all
COPY src/ src/
RUN /build/bin/hatchling build --target wheel \
	&& /build/bin/uv pip install --no-cache --python /livestory/bin/python --no-deps --compile-bytecode dist/*.whl

FROM python:3.11-slim-bookworm
COPY --from=build /livestory /livestory
RUN groupadd --system --gid 10001 livestory \
	&& useradd --system --uid 10001 --gid 10001 --no-create-home livestory \
	&& install --directory --owner=livestory --group=livestory --mode=0750 /story /story/results
ENV PATH=/livestory/bin:$PATH
USER 10001:10001
WORKDIR /story
VOLUME /story/results
EXPOSE 8730
HEALTHCHECK --interval=60s --timeout=15s --start-period=300s --retries=3 CMD ["livestory", "status", "--check"]
ENTRYPOINT ["livestory"]
CMD ["run"]
