// Package clevercloud speaks Clever Cloud's add-on provider API, in both of
// its generations: the legacy one (heroku_id, logplex_token) and the current
// one (addon_id, owner and user). The platform mixes them, so every request is
// judged by the fields it carries.
//
// Here are the manifest, the endpoints that Clever Cloud calls to provision,
// change and deprovision, the customer's single sign-on, the calls to Clever
// Cloud's own API, and the rules that a platform "clevercloud" block must meet.
// The page that a customer sees is not here. What the documents leave open is
// decided beside the code that decides it; spec/clevercloud holds the facts,
// their sources and the exchanges.
//
// Read [Dialect] first, then the handlers in api.go, then infos.go for the
// calls the other way round.
package clevercloud
