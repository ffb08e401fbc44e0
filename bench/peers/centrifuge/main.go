// SPDX-License-Identifier: Apache-2.0

// A server on the Centrifuge library, with as little around it as there can be: anybody may connect, subscribe and
// publish; no history, no presence, no recovery, no compression.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"
)

func newNode() (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:           centrifuge.LogLevelNone,
		ClientQueueMaxSize: 256 << 20, // a slow moment is a queue, not a connection that is cut
	})
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:        &centrifuge.Credentials{}, // anonymous
			MaxMessagesInFrame: -1,                        // all that waits for a connection is written at once
		}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
			answer(centrifuge.SubscribeReply{}, nil)
		})
		client.OnPublish(func(event centrifuge.PublishEvent, answer centrifuge.PublishCallback) {
			// Published here, so that a delivery does not carry who published it.
			result, err := node.Publish(event.Channel, event.Data)
			answer(centrifuge.PublishReply{Result: &result}, err)
		})
	})
	return node, node.Run()
}

func main() {
	listen := flag.String("listen", "127.0.0.1:21050", "address of the HTTP server")
	flag.Parse()
	node, err := newNode()
	if err != nil {
		log.Fatal(err)
	}
	handler := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin:        func(*http.Request) bool { return true },
		UseWriteBufferPool: true,             // no write buffer of its own for an idle connection
		MessageSizeLimit:   1 << 20,          // the benchmark's large messages
		WriteTimeout:       60 * time.Second, // a receiver that stalls is not cut within the run
	})
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", handler)
	listener, err := net.Listen("tcp4", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	log.Fatal(http.Serve(listener, mux))
}
