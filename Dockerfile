# Metwatch alone, for a PostgreSQL server that DATABASE_URL names. compose.yaml puts the two together.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN SQLX_OFFLINE=true cargo build --locked --release

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin metwatch \
    && install -d -o metwatch -g metwatch -m 0700 /data
COPY --from=build /src/target/release/metwatch /usr/local/bin/metwatch
COPY --from=build /src/LICENSE /usr/share/doc/metwatch/LICENSE
USER metwatch
WORKDIR /data
ENV METWATCH_DATA=/data METWATCH_LISTEN=0.0.0.0:8080 METWATCH_ORIGIN=http://localhost:8080
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["metwatch"]
CMD ["serve"]
