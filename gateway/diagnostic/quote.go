package diagnostic

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
)

// quotation is the whole lines that a range covers, cleaned of secrets.
type quotation struct {
	before string // on the first line, before the range
	marked string // the range itself
	after  string // on the last line, behind the range
}

// quote takes them from the file; ok is false when the file is not at hand.
func quote(r hcl.Range, o Options) (q quotation, ok bool) {
	f := o.Files[r.Filename]
	if f == nil || r.Start.Byte < 0 || r.Start.Byte > r.End.Byte || r.End.Byte > len(f.Bytes) {
		return quotation{}, false
	}
	src := f.Bytes
	start, end := bytes.LastIndexByte(src[:r.Start.Byte], '\n')+1, len(src)
	if n := bytes.IndexByte(src[r.End.Byte:], '\n'); n >= 0 {
		end = r.End.Byte + n
	}
	if r.End.Byte > r.Start.Byte && src[r.End.Byte-1] == '\n' {
		r.End.Byte-- // a range that ends behind a line does not cover the next one
		end = r.End.Byte
	}
	return clean(quotation{
		before: string(src[start:r.Start.Byte]),
		marked: string(src[r.Start.Byte:r.End.Byte]),
		after:  string(src[r.End.Byte:end]),
	}, o), true
}

// clean redacts the parts one by one, so that the mark stays where it was. A
// secret that reaches over an edge of the mark shows only in the whole: then
// the whole is marked.
func clean(q quotation, o Options) quotation {
	c := quotation{o.redact(q.before), o.redact(q.marked), o.redact(q.after)}
	whole := q.before + q.marked + q.after
	parts := c.before + c.marked + c.after
	if o.redact(parts) == parts && o.redact(whole) == parts {
		return c
	}
	return quotation{marked: o.redact(o.redact(whole))}
}
