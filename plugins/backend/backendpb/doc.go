// Package backendpb is the wire form of the backend contract, generated from
// backend.proto. Read that file for the contract itself, when writing a plugin
// in another language; in Go use package backend, which keeps these types out
// of sight.
package backendpb

//go:generate ./generate.sh
