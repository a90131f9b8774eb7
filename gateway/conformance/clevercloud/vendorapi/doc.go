// Package vendorapi is a stand-in for Clever Cloud's own API as its document
// describes it (Add-on infos API): the listing of a provider's add-ons, one
// add-on with its owner, and the config vars that a provider sends. It is for
// tests, and for whoever wants to try a provider without Clever Cloud.
//
// As the real one it answers for an add-on only after the provider's reply to
// the order. A provider must never make a call while it handles an order: such
// calls are counted.
//
// Read [Server] first, then [standin.Fault] for what it can be made to do wrong.
package vendorapi
