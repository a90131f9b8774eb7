#!/bin/sh
# Generates backend.pb.go and backend_grpc.pb.go from backend.proto, with the
# generators that go.mod pins. Needs protoc in PATH.
set -eu
cd "$(dirname "$0")/../../.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
go build -o "$tools" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
protoc \
	--plugin=protoc-gen-go="$tools/protoc-gen-go" --go_out=. --go_opt=paths=source_relative \
	--plugin=protoc-gen-go-grpc="$tools/protoc-gen-go-grpc" --go-grpc_out=. --go-grpc_opt=paths=source_relative \
	plugins/backend/backendpb/backend.proto
# The Python code of examples/python-plugin, as its author makes it.
protoc --proto_path=plugins/backend/backendpb --python_out=examples/python-plugin/plugins backend.proto
