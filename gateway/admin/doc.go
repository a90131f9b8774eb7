// Package admin is the operator's API of a running gateway: JSON over a unix
// socket with file permissions, and the client that the command line uses.
//
// It shows and asks, and never decides: what may happen to a resource is
// lifecycle's word. Its answers hold no secrets.
//
// Read [Server] first, then [Client].
package admin
