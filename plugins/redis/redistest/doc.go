// Package redistest gives tests real Redis servers. [Start] starts one with an
// ACL file, as the shared mode of the redis backend wants it. [Directory] makes
// a folder for the dedicated mode, whose servers outlive the backend by design:
// all that works in it ends with the test, and also when the test process is
// killed.
//
// Servers run as an unprivileged user where the tests run as root.
package redistest
