// One static program that stands in for those of the tree's images: what it does follows from the
// name by which it is called.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What each name does with its arguments; the exit code is the answer.
var programs = map[string]func([]string) int{
	"pause":                func([]string) int { return untilAsked() },
	"listen":               listen,
	"forward":              forward,
	"dial":                 dialAll,
	"hog":                  hog,
	"stubborn":             stubborn,
	"ollama":               ollama,
	"open-webui":           openWebUI,
	"tika":                 tika,
	"json_exporter":        page("7979"),
	"otelcol":              collector,
	"postgres_exporter":    page("9187"),
	"espalier-operator":    operator,
	"python3":              python,
	"postgres":             postgres,
	"docker-entrypoint.sh": postgresEntry,
	"initdb":               initialise,
	"pg_ctl":               postgresControl,
	"pg_isready":           func(arguments []string) int { return ask(arguments, "5432", 2, "accepts") },
	"psql":                 func(arguments []string) int { return ask(arguments, "5432", 2, "1") },
	"redis-server":         redis,
	"redis-cli":            func(arguments []string) int { return ask(arguments, "6379", 1, "PONG") },
}

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	if _, known := programs[name]; !known && len(arguments) > 0 {
		name, arguments = arguments[0], arguments[1:]
	}
	program, known := programs[name]
	if !known {
		fail("no program %s here", name)
	}
	os.Exit(program(arguments))
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}

// Waits for a signal that asks to end; as process 1 it also reaps, and at SIGUSR1 it takes memory
// until somebody stops it.
func untilAsked() int {
	leak := make(chan os.Signal, 1)
	signal.Notify(leak, syscall.SIGUSR1)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	reaped := make(chan os.Signal, 8)
	signal.Notify(reaped, syscall.SIGCHLD)
	for {
		select {
		case <-asked:
			return 0
		case <-leak:
			take(1 << 20)
		case <-reaped:
			for {
				if number, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); number <= 0 || err != nil {
					break
				}
			}
		}
	}
}

// Answers HTTP on a port: 200 for the paths whose question says yes, 503 where it says no, 404 for
// all others but those that a program handles itself.
func serve(address string, paths map[string]func() bool) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fail("%v", err)
	}
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		well, known := paths[request.URL.Path]
		switch {
		case !known:
			answer.WriteHeader(http.StatusNotFound)
		case !well():
			answer.WriteHeader(http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(answer, "{}")
		}
	})
	go http.Serve(listener, nil)
}

func yes() bool { return true }

// Takes TCP connections on a port and closes each of them.
func accept(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fail("%v", err)
	}
	go func() {
		for {
			if connection, err := listener.Accept(); err == nil {
				connection.Close()
			}
		}
	}()
}

// Listens on each port that is named: `8080`, or `udp:53`.
func listen(ports []string) int {
	for _, port := range ports {
		if number, datagrams := strings.CutPrefix(port, "udp:"); datagrams {
			if _, err := net.ListenPacket("udp", ":"+number); err != nil {
				fail("%v", err)
			}
			continue
		}
		accept(":" + port)
	}
	return untilAsked()
}

// A proxy: takes HTTPS on the first address, and finds every name it is asked for at the second.
func forward(addresses []string) int {
	if len(addresses) != 2 {
		fail("forward takes the proxy's address and that of everything outside")
	}
	server := http.Server{Addr: addresses[0], Handler: http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		_, port, err := net.SplitHostPort(request.Host)
		if request.Method != http.MethodConnect || err != nil {
			http.Error(out, "only HTTPS is forwarded", http.StatusMethodNotAllowed)
			return
		}
		if !answers(net.JoinHostPort(addresses[1], port)) {
			http.Error(out, request.Host+" does not answer", http.StatusBadGateway)
		}
	})}
	fail("%v", server.ListenAndServe())
	return 1
}

// Whether an address answers within two seconds.
func answers(address string) bool {
	connection, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	connection.Close()
	return true
}

func dialAll(addresses []string) int {
	for _, address := range addresses {
		if !answers(address) {
			return 1
		}
	}
	return 0
}

// Takes so many MiB, four more each millisecond, and keeps them.
func hog(arguments []string) int {
	wanted, err := strconv.Atoi(arguments[0])
	if err != nil {
		fail("%v", err)
	}
	held := take(wanted)
	fmt.Println(len(held), "MiB")
	code := untilAsked()
	runtime.KeepAlive(held)
	return code
}

func take(wanted int) [][]byte {
	var held [][]byte
	for len(held) < wanted {
		page := make([]byte, 1<<20)
		for at := 0; at < len(page); at += 4096 {
			page[at] = 1
		}
		held = append(held, page)
		if len(held)%4 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return held
}

// Does not end when it is asked to.
func stubborn([]string) int {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
	for {
		time.Sleep(time.Hour)
	}
}
