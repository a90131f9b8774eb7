// Package server is the public listener: it finds the mount that a request is
// for, bounds what a client may send and how slowly, and writes one log line
// per request.
//
// It knows no platform. Authentication, bodies, statuses and the forms of 404
// and 405 are the mounts' own; a mount is what package platform says it is.
// What net/http refuses before any path is known (a malformed request line, a
// header that is too large) gets net/http's plain 4xx. The admin API has its
// own listener elsewhere.
//
// Read [Options] first, then [Server.Serve].
package server
