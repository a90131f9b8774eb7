package spec

import "path"

// Level says how binding an exchange is, in the sense of RFC 2119.
type Level string

// The levels.
const (
	Must   Level = "must"   // the platform breaks without it
	Should Level = "should" // the platform copes, a careful provider does it
	May    Level = "may"    // an ability that a provider may lack
)

// Exchange is a conversation between a platform and a provider: one rule, with
// the sentence that states it.
type Exchange struct {
	Name   string // "clevercloud/provision"
	ID     string // "CC-P1": what people and programs call the rule; it never changes
	Title  string
	Level  Level
	Source string // which document
	Says   string // its sentence; empty where the rule is ours
	Note   string // why, where the document is silent or wrong

	// Platform says what the platform does with a provider that breaks the
	// rule.
	Platform string

	// Needs names exchanges of the same platform. When one of them fails, this
	// one says nothing: a provider that refuses every sign-on refuses forged
	// ones, too.
	Needs []string

	// When lists what the runner must know of the provider for the exchange to
	// apply, besides what the requests mention: an ability, such as can_reboot.
	When []string

	Tags  []string // "legacy", "current": what it is about
	Steps []Step
}

// ShortName is the name without the platform: "provision".
func (e Exchange) ShortName() string { return path.Base(e.Name) }

// Step is one request and the answer it must get.
type Step struct {
	Title string
	Line  int // of the file

	// Given is a step that only prepares the next ones: the rule is not about
	// its answer.
	Given bool

	// Times is how often the request is sent, all at once; at least 1.
	Times int

	request requestPattern
	answer  answerPattern
}

// requestPattern is a request whose texts still hold placeholders.
type requestPattern struct {
	method, target string
	header         []field
	body           string
}

// answerPattern is what an answer must look like.
type answerPattern struct {
	line     int
	statuses []string // "200", "2xx"
	header   []field
	body     string // JSON with matchers; "{{empty}}"; "": not looked at
}

type field struct {
	name, value string // no value and a placeholder as the name: lines that the runner knows
	line        int
}
