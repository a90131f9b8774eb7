// Package xervo speaks Xervo's add-on provider API, which was Modulus's before.
// Its document of 2017 and dia, the platform's own test utility, disagree in
// names; both are served.
//
// Here are the manifest, the endpoints that Xervo calls to provision, change
// and deprovision, the customer's single sign-on, and the rules that a platform
// "xervo" block must meet. Nothing is known of the platform's own API, so none
// is called. The page that a customer sees is not here. What the document
// leaves open is decided beside the code that decides it; spec/xervo holds the
// facts, their sources and the exchanges.
//
// Read [Dialect] first, then the handlers in api.go, then signon.go.
package xervo
