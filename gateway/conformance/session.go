package conformance

// Session is a run in progress, as a Check in Go sees it.
type Session struct {
	Provider Provider
	Client   Client
}
