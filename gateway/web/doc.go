// Package web is what customers see in their browser: the landing behind a
// single sign-on, and the page of their resource below /r/.
//
// A sign-on ends in a redirect with a code that lives 60 seconds and works
// once. The page that it opens sets a cookie, and puts a token into each of its
// forms: in a platform's frame, where browsers block cookies, the forms are
// all there is. Forms are judged by their token alone, never by the cookie, so
// that no other site can send one.
//
// Pages are html/template with one style sheet and one ES module of our own,
// and work without the module. Values of sensitive config vars are never in a
// page that nobody asked them of. Codes, sessions, and the proofs that have
// opened one live in the memory of one process (see package sso). Signatures are
// the dialects' matter, and so is every rule of the platforms.
//
// Read [Server] first, then [Server.Enter] and the handlers in resource.go.
package web
