// Package server is the public listener: it finds the mount that a request is
// for, bounds what a client may send and how slowly, and writes one log line
// per request.
//
// It knows no platform. Authentication, bodies, statuses and the forms of 404
// and 405 are the mounts' own; what mounts and providers of servers are, package
// platform says. What net/http refuses before any path is known (a malformed
// request line, a header that is too large) gets net/http's plain 4xx. The admin
// API has its own listener elsewhere.
//
// Read [Options] first, then [Server.Serve].
package server
