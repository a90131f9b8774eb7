// Package caller makes the calls that go from us to a platform's own API: to
// tell it config vars, to ask for an owner, to list what it knows. It knows
// credentials, time limits, sizes and what statuses mean. Addresses and fields are
// each dialect's own.
//
// Answers may hold config vars and addresses of people: errors never quote
// them. Redirects are not followed, so that credentials stay where they were
// sent.
//
// Read [Caller] first.
package caller
