// Package nanobox speaks the API of Nanobox's custom providers, by which its
// dashboard, and Microbox after it, rent servers from whoever has some. The first
// document of 2016 and the last of 2017 are served with one set of answers.
//
// Here are what the platform reads of a provider (/meta and /catalog), the
// credentials that come with every other call, keys, servers, and the rules that
// a provider "nanobox" block must meet. Who asks and what belongs to whom is
// decided in session.go; what becomes of an order is the engine's, or, with
// state = "backend", the backend's alone. What the documents leave open is
// decided beside the code that decides it; spec/nanobox holds the facts, their
// sources and the exchanges.
//
// Read [Dialect] first, then provider.go with its routes, then session.go, then
// the handlers in servers.go.
package nanobox
