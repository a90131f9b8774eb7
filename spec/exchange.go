package spec

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
	Title  string
	Level  Level
	Source string   // which document
	Says   string   // its sentence; empty where the rule is ours
	Note   string   // why, where the document is silent or wrong
	Tags   []string // "legacy", "current": what it is about
	Steps  []Step
}

// Step is one request and the answer it must get.
type Step struct {
	Title   string
	Line    int // of the file
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
	name, value string
	line        int
}
