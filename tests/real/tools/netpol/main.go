// Netpol runs the network policy controller that k3s embeds as a process of its own, and prints
// `synced` when its rules are in the kernel.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"github.com/coreos/go-iptables/iptables"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// settings are what the command line says: where the API server is, and what k3s would know itself.
type settings struct {
	kubeconfig, node, services, nodePorts string
}

func main() {
	var given settings
	flag.StringVar(&given.kubeconfig, "kubeconfig", "", "the file that says where the API server is")
	flag.StringVar(&given.node, "node", "", "the name of the node that this is")
	flag.StringVar(&given.services, "services", "10.43.0.0/16", "the range of the Services' addresses")
	flag.StringVar(&given.nodePorts, "node-ports", "30000:32767", "the range of node ports")
	klog.InitFlags(nil)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, given); err != nil {
		fmt.Fprintln(os.Stderr, "netpol:", err)
		os.Exit(1)
	}
}

// run lets the controller work until the context ends. As k3s does, it filters only: IPv4, no
// routes, no proxy of Services.
func run(ctx context.Context, given settings) error {
	access, err := clientcmd.BuildConfigFromFlags("", given.kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	shared := informers.NewSharedInformerFactory(client, 0)
	pods := shared.Core().V1().Pods().Informer()
	spaces := shared.Core().V1().Namespaces().Informer()
	policies := shared.Networking().V1().NetworkPolicies().Informer()
	shared.Start(ctx.Done())
	for kind, known := range shared.WaitForCacheSync(ctx.Done()) {
		if !known {
			return fmt.Errorf("the API server lists no %v", kind)
		}
	}

	config := options.NewKubeRouterConfig()
	config.HostnameOverride = given.node
	config.ClusterIPCIDRs = []string{given.services}
	config.NodePortRange = given.nodePorts
	config.EnableIPv4, config.EnableIPv6 = true, false
	config.RunFirewall, config.RunRouter, config.RunServiceProxy = true, false, false
	tables, err := iptables.NewWithProtocol(iptables.ProtocolIPv4)
	if err != nil {
		return fmt.Errorf("iptables: %w", err)
	}
	sets, err := utils.NewIPSet(false)
	if err != nil {
		return fmt.Errorf("ipset: %w", err)
	}
	if err := sets.Save(); err != nil {
		return fmt.Errorf("ipset: %w", err)
	}
	controller, err := netpol.NewNetworkPolicyController(
		client, config, pods, policies, spaces, &sync.Mutex{},
		map[corev1.IPFamily]utils.IPTablesHandler{corev1.IPv4Protocol: tables},
		map[corev1.IPFamily]utils.IPSetHandler{corev1.IPv4Protocol: sets},
	)
	if err != nil {
		return err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods:     controller.PodEventHandler,
		spaces:   controller.NamespaceEventHandler,
		policies: controller.NetworkPolicyEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}

	beats := make(chan *healthcheck.ControllerHeartbeat)
	go tell(ctx, beats, controller.RequestFullSync)
	var running sync.WaitGroup
	running.Add(1)
	controller.Run(beats, ctx.Done(), &running)
	return nil
}

// tell says when a first round is over. A round begins with a heartbeat, and begins only when the
// one before has ended: so a second is asked for, and its heartbeat is the end of the first.
func tell(ctx context.Context, beats <-chan *healthcheck.ControllerHeartbeat, again func()) {
	for rounds := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-beats:
			rounds++
		}
		switch rounds {
		case 1:
			again()
		case 2:
			fmt.Println("synced")
		}
	}
}
