FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/ltcbench
COPY . .
RUN pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu \
 && pip install --no-cache-dir --constraint constraints.txt .
ENV LTCBENCH_RUNS=/data/runs LTCBENCH_DATASETS=/data/datasets
VOLUME /data
WORKDIR /data
ENTRYPOINT ["ltcbench"]
