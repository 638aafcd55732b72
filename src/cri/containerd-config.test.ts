import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findContainerdBinaries, MissingProgramsError } from '#cri/containerd-binaries.ts';
import {
  type ContainerdFacts,
  containerdConfig,
  containerdLayout,
  mirrorHosts,
  SOCKET_PATH_BYTES_MAX,
} from '#cri/containerd-config.ts';
import { hasCapability, lastErrorOf } from '#cri/containerd-facts.ts';
import { networkNamespaceOf } from '#cri/containerd-purge.ts';
import { SimulatedDisk } from '#system/simulated-disk.ts';
import { SimulatedClock } from '#system/simulated-time.ts';

const FACTS: ContainerdFacts = {
  binaries: {
    containerd: '/usr/bin/containerd',
    ctr: '/usr/bin/ctr',
    runc: '/usr/sbin/runc',
    cniFolder: '/usr/lib/cni',
    path: '/usr/bin',
  },
  snapshotter: 'overlayfs',
  mayLowerOomScore: false,
};

describe("a containerd's layout", () => {
  it('has short socket paths however long the data folder is', () => {
    const layout = containerdLayout({ dataFolder: `/srv/${'long/'.repeat(60)}containerd` });
    assert.match(layout.socketPath, /^\/run\/skerry-[0-9a-f]{12}\/containerd\.sock$/u);
    assert.ok(layout.socketPath.length + '.ttrpc'.length <= SOCKET_PATH_BYTES_MAX);
  });

  it('is another for another data folder, and always the same for one', () => {
    const [a, b, again] = ['/a', '/b', '/a'].map((dataFolder) => containerdLayout({ dataFolder }).runFolder);
    assert.notEqual(a, b);
    assert.equal(a, again);
  });

  it('refuses a run folder that no socket fits in', () => {
    assert.throws(
      () => containerdLayout({ dataFolder: '/a', runFolder: `/run/${'x'.repeat(90)}` }),
      /is too long for containerd's socket: a unix socket's path has at most 107 bytes, this one would have 117/u,
    );
  });
});

describe("containerd's configuration", () => {
  const layout = containerdLayout({ dataFolder: '/srv/"site"/containerd' });
  const config = containerdConfig(layout, FACTS);

  it('keeps everything in the folders of the site', () => {
    assert.match(config, /^root = "\/srv\/\\"site\\"\/containerd\/root"$/mu);
    for (const path of [layout.stateFolder, layout.socketPath, layout.runcFolder])
      assert.ok(config.includes(`"${path}"`), path);
    assert.ok(!/"\/(?:var|etc|opt)/u.test(config));
  });

  it('asks for no more than the process may do', () => {
    assert.match(config, /restrict_oom_score_adj = true/u);
    assert.match(
      containerdConfig(layout, { ...FACTS, mayLowerOomScore: true }),
      /restrict_oom_score_adj = false/u,
    );
  });

  it('names the imported pause image and the snapshotter', () => {
    assert.match(config, /sandbox_image = "localhost\/pause:1"/u);
    assert.match(containerdConfig(layout, { ...FACTS, snapshotter: 'native' }), /snapshotter = "native"/u);
  });

  it('sends pulls to a mirror and nowhere else', () => {
    const url = 'http://127.0.0.1:5001';
    assert.equal(
      mirrorHosts(url),
      `server = "${url}"\n\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`,
    );
  });
});

describe('the programs of containerd', () => {
  const diskWith = async (paths: string[]): Promise<SimulatedDisk> => {
    const disk = new SimulatedDisk(new SimulatedClock());
    for (const path of paths) await disk.write(path, '');
    return disk;
  };
  const plugins = ['bridge', 'host-local', 'loopback'];
  const containerd = ['containerd', 'ctr', 'containerd-shim-runc-v2'];

  it('are found on the search path first, and in the usual folders', async () => {
    const disk = await diskWith([
      ...containerd.map((name) => `/opt/c/${name}`),
      '/usr/bin/containerd',
      '/usr/sbin/runc',
      ...plugins.map((name) => `/opt/cni/bin/${name}`),
    ]);
    const binaries = await findContainerdBinaries(disk, '/opt/c:relative:/usr/bin');
    assert.equal(binaries.containerd, '/opt/c/containerd');
    assert.equal(binaries.runc, '/usr/sbin/runc');
    assert.equal(binaries.cniFolder, '/opt/cni/bin');
    assert.ok(binaries.path.startsWith('/opt/c:/usr/bin:'));
  });

  it('are asked for in one sentence where they are missing', async () => {
    const disk = await diskWith([
      '/usr/bin/containerd',
      '/usr/bin/ctr',
      '/usr/bin/runc',
      '/usr/lib/cni/bridge',
    ]);
    await assert.rejects(findContainerdBinaries(disk, ''), (error) => {
      assert(error instanceof MissingProgramsError);
      assert.equal(
        error.message,
        'containers cannot be run here: containerd-shim-runc-v2, the CNI plugins bridge, host-local, loopback not found; ' +
          'on Debian or Ubuntu install with: sudo apt-get install -y containerd containernetworking-plugins',
      );
      return true;
    });
  });
});

describe('what the service reads of the host', () => {
  it('tells a capability', () => {
    const status = 'Name:\tnode\nCapEff:\t000001fffeffffff\nCapBnd:\t000001ffffffffff\n';
    assert.equal(hasCapability(status, 24), false);
    assert.equal(hasCapability(status, 21), true);
    assert.equal(hasCapability('', 0), false);
  });

  it("finds the line of containerd's log that says why", () => {
    const log =
      'time="a" level=info msg="starting"\ntime="b" level=error msg="boom"\ntime="c" level=info msg="bye"\n\n';
    assert.equal(lastErrorOf(log), 'time="b" level=error msg="boom"');
    assert.equal(lastErrorOf('level=warning x\ncontainerd: no space\n'), 'containerd: no space');
    assert.equal(lastErrorOf('only this\n'), 'only this');
    assert.equal(lastErrorOf(''), 'it wrote no log');
  });

  it("finds a pod's network namespace, and never the host's or another's", () => {
    const specification = (path: string): string =>
      JSON.stringify({ linux: { namespaces: [{ type: 'pid' }, { type: 'network', path }] } }, null, 1);
    assert.equal(networkNamespaceOf(specification('/var/run/netns/cni-1234')), '/run/netns/cni-1234');
    assert.equal(networkNamespaceOf(specification('/run/netns/cni-1234')), '/run/netns/cni-1234');
    assert.equal(networkNamespaceOf(specification('/run/netns/vpn')), undefined);
    assert.equal(networkNamespaceOf(specification('/run/netns/cni-../../etc')), undefined);
    assert.equal(networkNamespaceOf('{}'), undefined);
  });
});
