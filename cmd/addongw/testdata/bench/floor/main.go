// Command floor is what the gateway is measured against: a bare httprouter
// handler that writes the bytes of its first argument's file, and one that
// first writes a single durable row to the store in its second. It also plays
// the platform's own API.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/store/sqlite"
)

func main() {
	body, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	store, err := sqlite.Open(context.Background(), os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	write := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	}
	router := httprouter.New()
	router.PUT("/bare", func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		_, _ = io.Copy(io.Discard, r.Body)
		write(w)
	})
	var next atomic.Int64
	router.POST("/row", func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		_, _ = io.Copy(io.Discard, r.Body)
		row := oneRow(next.Add(1))
		if err := store.Update(r.Context(), func(tx lifecycle.Tx) error { return tx.InsertResource(row) }); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		write(w)
	})
	// The platform's own API, which the gateway asks after each order.
	router.GET("/vendor/apps/:id", func(w http.ResponseWriter, _ *http.Request, p httprouter.Params) {
		fmt.Fprintf(w, `{"id": %q, "owner_id": "orga_1", "owner_email": "ann@acme.example"}`, p.ByName("id"))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", l.Addr())
	log.Fatal(http.Serve(l, router))
}

func oneRow(i int64) lifecycle.ResourceRecord {
	id := fmt.Sprintf("res_%026d", i)
	return lifecycle.ResourceRecord{Resource: gateway.Resource{
		ID: id, ShortID: fmt.Sprintf("%012d", i), ProviderID: id, ExternalID: fmt.Sprint("ext-", i),
		State: gateway.Active, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}}
}
