package scalingo

import (
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// patience is our own limit. "The user should be able to use the addon almost
// instantly" is all that is said of time, and an order that needs longer can be
// answered 202.
const patience = 10 * time.Second

// What the rules quote.
const (
	boilerplate = "Scalingo/ruby-addon-provider-boilerplate, resources controller"
	promise     = "Should return 202 for asynchronous validation"
	ownClient   = "Scalingo/scalingo-provider-api-gem, README"
)

// Checks are those that no exchange file can state.
func (Platform) Checks() []conformance.Check {
	return append(completionChecks(),
		conformance.Leaks("SC-X1"),
		conformance.Patience("SC-X2", patience, "The customer waits in front of the dashboard; at some time it gives up and shows a failure. "+
			"An order that needs longer can be answered 202."),
	)
}

func completionChecks() []conformance.Check {
	return []conformance.Check{
		completion("SC-C1", "Nothing is sent for an order before it is answered", spec.Must, boilerplate, promise,
			"Scalingo does not know the add-on before it has read the answer: the call fails.", notEarly),
		completion("SC-C2", "Config vars that are sent later are text, and declared", spec.Must, ownClient, "Send configuration for an addon",
			"Scalingo refuses the call, and the app starts without them.", goodConfig, "SC-C1"),
		completion("SC-C3", "Config vars are sent before the order is completed", spec.Must, ownClient, "Send configuration for an addon",
			"The add-on shows as running, and the app starts without its config vars.", configFirst, "SC-C2"),
		completion("SC-C4", "An order that is answered 202 is completed", spec.Must, ownClient, "Provision an addon",
			`The add-on shows as "provisioning" for ever.`, completed, "SC-C3"),
		completion("SC-C5", "The repeat of a completed order is not answered 202 again", spec.Should, "addongw; the documents are silent", "",
			"Scalingo waits for an end that was told already.", notPromisedAgain, "SC-C4", "provision-repeat"),
	}
}

func completion(id, title string, level spec.Level, source, says, consequence string, judge func(*outcome) []string, needs ...string) conformance.Check {
	return conformance.Check{
		Head: conformance.Head{
			ID: id, Group: conformance.Completion, Title: title, Level: level, Source: source, Says: says, Platform: consequence,
		},
		Needs: append([]string{"provision-status"}, needs...),
		Run:   promised(judge),
	}
}
