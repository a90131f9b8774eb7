// Command addongw-plugin-redis serves the redis backend to the gateway, which
// starts it. As "addongw-plugin-redis run DIRECTORY" it is the runner that
// keeps the servers of a directory alive; see the README of the redis backend.
package main

import (
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis"
)

func main() {
	redis.RunIfAsked()
	backend.Serve(redis.New())
}
