package conformance_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
)

func TestASignOnIsSentAsItsPlatformDoes(t *testing.T) {
	fields := []conformance.Field{{Name: "id", Value: "res 1"}, {Name: "token", Value: "a+b"}}
	for encoding, want := range map[conformance.Encoding]conformance.Request{
		conformance.Query: {Method: "GET", URL: "https://a.example/s?id=res+1&token=a%2Bb&x=1"},
		conformance.Form: {
			Method: "POST", URL: "https://a.example/s?x=1", Body: []byte("id=res+1&token=a%2Bb"),
			Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}},
		},
		conformance.JSON: {
			Method: "POST", URL: "https://a.example/s?x=1", Body: []byte(`{"id":"res 1","token":"a+b"}`),
			Header: map[string][]string{"Content-Type": {"application/json"}},
		},
	} {
		s := conformance.SignOn{Method: want.Method, URL: "https://a.example/s?x=1", Encoding: encoding, Fields: fields}
		got := s.Request()
		if len(got.Header) == 0 {
			got.Header = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", encoding, diff)
		}
	}
}
