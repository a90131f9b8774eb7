// Package ownapi is a stand-in for Scalingo's own API as far as an add-on
// provider may call it: the listing of the apps that use the add-on, one app
// with its owner, the variables that a provider sends, and the end of an order
// that was answered 202. It is for tests, and for whoever wants to try a
// provider without Scalingo.
//
// As on the real one a change of an app's variables restarts the app, a
// variable that the manifest does not declare is refused, and an add-on is not
// known before the provider's answer to its order was read.
//
// Read [Server] first, then [standin.Fault] for what it can be made to do wrong.
package ownapi
