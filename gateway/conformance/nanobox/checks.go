package nanobox

import (
	"context"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

const (
	source = "Nanobox, Custom Provider (nanobox-docs, 14 December 2016)"
	ours   = "addongw; see spec/nanobox/facts.md"
	stops  = "Microbox core (684babf) stops its import at the first such item; what it has not read stays inactive."
)

// The times of Microbox core, and ours.
const (
	shortWait   = 5 * time.Second   // for metadata and for verifying
	catalogWait = 120 * time.Second // for the catalog
	atOnce      = 2 * time.Second   // for what must not be held open
)

// Checks are those that no exchange file can state.
func (p Platform) Checks() []conformance.Check {
	var checks []conformance.Check
	for _, list := range [][]conformance.Check{metaChecks(), catalogChecks(), orderChecks(), queryChecks(), changeChecks(), answerChecks()} {
		checks = append(checks, list...)
	}
	return checks
}

func must(id string, g conformance.Group, title, section, says, note, consequence string) conformance.Head {
	return conformance.Head{
		ID: id, Group: g, Title: title, Level: spec.Must, Source: source + ", " + section, Says: says, Note: note, Platform: consequence,
	}
}

func should(id string, g conformance.Group, title, consequence string) conformance.Head {
	return conformance.Head{ID: id, Group: g, Title: title, Level: spec.Should, Source: ours, Platform: consequence}
}

func metaChecks() []conformance.Check {
	g := conformance.Meta
	return []conformance.Check{
		{
			Head: must("NB-E6", g, "Texts of the metadata fit where the platform keeps them", "Meta", "`name`: display name used in the dashboard",
				"Microbox core (684babf) has columns of 255 characters; interfaces are text or null.", "A database error ends the registration."),
			Needs: []string{"meta"}, Run: onMeta(lengths),
		},
		{
			Head: must("NB-E7", g, "Every credential has a key and a label, and a header of its own", "Meta",
				"`credential_fields`: array of hashes that includes field keys and labels necessary to authenticate with the provider.",
				"Microbox core (684babf) drops fields without a label, and makes one header of keys that differ in case, - and _ only.",
				"The customer cannot give the credential, and nothing can be ordered."),
			Needs: []string{"meta"}, Run: onMeta(fields),
		},
		{
			Head: must("NB-E8", g, "Default region, plan and size are in the catalog", "Meta",
				"`default_plan`: the [id of the default plan](#catalog) in which the default size is ordered", "",
				"The app of whoever chooses nothing cannot be launched."),
			Needs: []string{"meta-defaults", "NB-G3"}, Run: defaults,
		},
		{
			Head: must("NB-E9", g, "The metadata comes within 5 seconds", "Meta",
				"The `/meta` route provides Nanobox with various pieces of metadata that are used for displaying information in the dashboard and for requesting authentication information from users.",
				"Microbox core (684babf) waits no longer.", "The provider cannot be added."),
			Last: true, Run: within("GET", "/meta", shortWait),
		},
		{
			Head:  should("NB-E10", g, "The id is the one that was registered", "Microbox core refuses every refresh of a provider whose id has changed."),
			Needs: []string{"meta-names"}, Run: sameID,
		},
	}
}

func catalogChecks() []conformance.Check {
	g := conformance.Catalog
	return []conformance.Check{
		{
			Head: must("NB-G3", g, "Regions, plans and sizes have ids, and regions and plans names, that are text", "Catalog",
				"`id`: unique region identifier to be used when ordering a server.", "Later clients know plans by id and name, which the first document lacks.", stops),
			Needs: []string{"catalog"}, Run: onCatalog(texts),
		},
		{
			Head: must("NB-G4", g, "RAM and disk are whole numbers, of megabytes and gigabytes", "Catalog",
				"`ram`: a visual indication to the user informing the amount of RAM is provided.", "Digits in a text are read, too.", stops),
			Needs: []string{"catalog"}, Run: onCatalog(whole),
		},
		{
			Head: must("NB-G5", g, "Every size has its prices in dollars, as numbers", "Catalog",
				"`dollars_per_hr`: a visual indication to the user informing the cost of running this server per hour.", "Digits in a text are read, too.", stops),
			Needs: []string{"catalog"}, Run: onCatalog(prices),
		},
		{
			Head: must("NB-G6", g, "CPUs are a number", "Catalog",
				"`cpu`: a visual indication to the user informing the amount of CPUs or CPU cores.", "Fractions are fine.", stops),
			Needs: []string{"catalog"}, Run: onCatalog(cpus),
		},
		{
			Head:  should("NB-G7", g, "Numbers are JSON's, and the transfer is a number or a word", "Microbox core stores no transfer, and a stricter client nothing."),
			Needs: []string{"NB-G4", "NB-G5", "NB-G6"}, Run: onCatalog(numbers),
		},
		{
			Head:  should("NB-G8", g, "The title of a plan is its name", "Clients of the first document show plans by their title, later ones by their name."),
			Needs: []string{"NB-G3"}, Run: onCatalog(titles),
		},
		{
			Head: must("NB-G9", g, "No id comes twice: of regions, nor of sizes in one region", "Catalog",
				"`id`: a unique identifier that will be used when ordering a server", "An order names no plan.", "The customer gets another size than was chosen."),
			Needs: []string{"NB-G3"}, Run: onCatalog(unique),
		},
		{
			Head: must("NB-G10", g, "The catalog comes within two minutes", "Catalog",
				"The `/catalog` route provides nanobox with a catalog of server sizes and options, within the available geographic regions.",
				"Microbox core (684babf) waits no longer.", "The prices stay those of the day before."),
			Last: true, Run: within("GET", "/catalog", catalogWait),
		},
		{
			Head: must("NB-A17", conformance.Auth, "Credentials are verified within 5 seconds", "Verify",
				"After the credentials are provided, Nanobox will call this route to verify that the account credentials provided by the user are valid.",
				"Microbox core (684babf) waits no longer.", "Good credentials are “incorrect”."),
			Last: true, Run: within("POST", "/verify", shortWait),
		},
	}
}

func orderChecks() []conformance.Check {
	g := conformance.Ordering
	only := "Should return a json body with only `id` and a `201` status code."
	shouldSay := func(id, title, says, consequence string) conformance.Head {
		return conformance.Head{ID: id, Group: g, Title: title, Level: spec.Should, Source: source + ", Order Server", Says: says, Platform: consequence}
	}
	return []conformance.Check{
		{
			Head:  shouldSay("NB-O2", "An order is answered with 201", only, "A client that compares statuses takes it for a failure, and orders again."),
			Needs: []string{"order"}, Run: onServer(ordered.status),
		},
		{
			Head:  shouldSay("NB-O3", "An order is answered with an id and nothing else", only, "What the server's state is, is asked for; what an order says of it is not read."),
			Needs: []string{"order"}, Run: onServer(ordered.only),
		},
		{
			Head: shouldSay("NB-O4", "An order is answered at once", "This route **SHOULD NOT** hold open the request until the server is ready.",
				"The platform gives up, orders again, and the first server is paid for, too."),
			Needs: []string{"order"}, Last: true, Run: held("POST", "/servers"),
		},
		{
			Head:  should("NB-O16", g, "The id of a server fits into an address", "The platform puts it into paths as it is."),
			Needs: []string{"order"}, Run: onServer(ordered.characters),
		},
	}
}

func queryChecks() []conformance.Check {
	g := conformance.Queries
	return []conformance.Check{
		{
			Head: must("NB-Q8", g, "A server is found as soon as it was ordered", "Order Server",
				"The request should return immediately once the order has been submitted with an identifier that Nanobox can use to followup on the order status.", "",
				"The platform takes the order for lost, and the server is paid for."),
			Needs: []string{"order"}, Run: onServer(ordered.found),
		},
		{
			Head: must("NB-Q9", g, "A server becomes active, and has its addresses then", "Query Server",
				"`status`: the status or availability of the server. (active indicates server is ready)",
				"One interface has one address: external_ip may be missing where the metadata names no external_iface.",
				"The platform waits for ever, or logs in to an address that is not there."),
			Needs: []string{"query", "NB-Q8"}, Run: becomesActive,
		},
		{
			Head: must("NB-Q10", g, "An active server that a password opens has one", "Query Server",
				"`password`: the ssh password to use (if ssh_auth_method is password)", "", "The platform cannot log in."),
			Needs: []string{"NB-Q9"}, Run: password,
		},
		{
			Head: conformance.Head{
				ID: "NB-Q11", Group: g, Title: "A server that keys open has no password", Level: spec.Should, Source: source + ", Query Server",
				Says: "`password`: the ssh password to use (if ssh_auth_method is password)", Platform: "A password is stored that nobody needs.",
			},
			Needs: []string{"query"}, Run: noPassword,
		},
	}
}

func changeChecks() []conformance.Check {
	return []conformance.Check{
		{
			Head: should("NB-B6", conformance.Reboot, "A reboot with a name is no reboot",
				"The document prints a rename under the address of the reboot: who follows it reboots the server and keeps its name."),
			Needs: []string{"reboot", "query-members"}, Run: rebootWithName,
		},
		{
			Head: must("NB-N3", conformance.Rename, "A renamed server has its new name", "Rename Server", "`name`: the new name of the server", "",
				"The customer's server keeps its old name."),
			Needs: []string{"rename", "query-members"}, Run: newNameShows,
		},
		{
			Head: conformance.Head{
				ID: "NB-D2", Group: conformance.Cancel, Title: "A cancel is answered with 200 and no body", Level: spec.Should, Source: source + ", Cancel Server",
				Says: "Should return an empty body with a status code of `200`", Platform: "A client that compares statuses takes it for a failure.",
			},
			Needs: []string{"cancel"}, Last: true, Run: cancelled,
		},
		{
			Head: must("NB-D4", conformance.Cancel, "A cancelled server goes, and is not active meanwhile", "Cancel Server",
				"It should return immediately once the order to cancel has been submitted.", "", "The customer pays on, and the server is shown."),
			Needs: []string{"cancel"}, Run: goes,
		},
	}
}

func answerChecks() []conformance.Check {
	return []conformance.Check{
		conformance.Leaks("NB-X1"),
		{
			Head: must("NB-X2", conformance.Answers, "Every refusal is JSON with a list of errors", "Verify",
				"Should return a json body with an `errors` node and a non 2xx status code.", "", "The customer sees that something failed, and not what."),
			Last: true, Run: refusals,
		},
		{
			Head: should("NB-X3", conformance.Answers, "Cancels, reboots and renames are answered at once", "The dashboard gives up and shows a failure."),
			Last: true, Run: heldChanges,
		},
		{
			Head: should("NB-X4", conformance.Answers, "No refusal repeats a credential", "The platform shows errors to its customers, and keeps them in logs that others read."),
			Last: true, Run: echoes,
		},
	}
}

// finding is what a check found, at most five problems of a kind.
func finding(problems []string) conformance.Finding {
	return conformance.Finding{Problems: problems[:min(len(problems), 5)]}
}

// onServer judges the server that checks share.
func onServer(judge func(ordered) []string) func(context.Context, *conformance.Session) conformance.Finding {
	return func(ctx context.Context, s *conformance.Session) conformance.Finding {
		o, why := server(ctx, s)
		if why != "" {
			return conformance.Finding{Blocked: why}
		}
		return finding(judge(*o))
	}
}
