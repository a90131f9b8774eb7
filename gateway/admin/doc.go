// Package admin is the operator's API of a running gateway: JSON over a unix
// socket with file permissions, and the client that the command line uses.
//
// It shows and never decides: what may happen to a resource is lifecycle's
// word. Its answers hold no secrets; config vars appear by name only.
//
// Read [Server] first, then [Client].
package admin
