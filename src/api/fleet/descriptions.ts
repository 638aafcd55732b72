/** The prose of our own kinds, for `kubectl explain`: by definition, then by field; the definition's own is under ''. */
export const FLEET_DESCRIPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'fleet/v1alpha1.Site': {
    '': 'Site is one place where applications run: one host or a few, behind one outbound connection.',
    spec: 'What the site shall be.',
    status: 'What the site said of itself last, and when.',
  },
  'fleet/v1alpha1.SiteSpec': {
    blocked: 'Refuses every connection of this site, until set back.',
    location: 'Where the site is.',
    provider: 'What runs the pods there: "Skerry" itself (the default), or an attached "Kubernetes" cluster.',
  },
  'fleet/v1alpha1.SiteLocation': {
    address: 'The place in words.',
    latitude: 'Degrees north (WGS 84), from -90 to 90.',
    longitude: 'Degrees east (WGS 84), from -180 to 180.',
  },
  'fleet/v1alpha1.SiteStatus': {
    addresses: 'Addresses of the site on its own network.',
    allocatable: 'What pods can have of the capacity, summed over the hosts.',
    applications: 'How many applications shall run at the site, and how many do.',
    capacity: 'What there is, summed over the hosts.',
    conditions: 'Conditions by type.',
    connectivity: 'Whether the hub hears the site.',
    hosts: 'The hosts of the site.',
    lastReportTime: 'When the site last reported what is said here, by the clock of the hub.',
    versions: 'What runs there.',
  },
  'fleet/v1alpha1.SiteConnectivity': {
    '': 'SiteConnectivity says whether the hub hears the site. Offline is neither a failure nor a success.',
    hub: 'Of several hubs, the one that has the link.',
    lastContactTime: 'When the hub last heard the site.',
    since: 'When the state was entered.',
    state: '"NeverConnected", "Connected", "Offline", or "Unknown" while the hub itself was away.',
  },
  'fleet/v1alpha1.Application': {
    '': 'Application says what to run, and where: manifests from one source, sent to every site of its placement.',
    spec: 'What to run, and where.',
    status: 'How many sites run it.',
  },
  'fleet/v1alpha1.ApplicationSpec': {
    placement: 'Which sites shall run it.',
    source: 'Where the manifests come from.',
    suspend: 'Freezes the application: no new revision is made, no instance is added, changed or removed.',
  },
  'fleet/v1alpha1.ApplicationSource': {
    '': 'ApplicationSource is where manifests come from. Exactly one member is set.',
    inline: 'The manifests themselves.',
    selector:
      'Every object in the namespace of the application that a site can run and that these labels select.',
  },
  'fleet/v1alpha1.ApplicationPlacement': {
    '': 'ApplicationPlacement is the sites that match the selector, and those that are named.',
    siteSelector: 'Selects sites by their labels.',
    sites: 'Names of sites.',
  },
  'fleet/v1alpha1.ApplicationStatus': {
    conditions: 'Conditions by type: Ready, Available, Placed.',
    observedGeneration: 'The generation that the status is about.',
    revision: 'The revision that all placed sites shall run.',
    sites: 'Placed sites by state.',
  },
  'fleet/v1alpha1.ApplicationSites': {
    failed: 'Connected sites where it fails.',
    offline: 'Sites that the hub does not hear.',
    running: 'Connected sites that run the wanted revision.',
    updating: 'Connected sites on their way to the wanted revision.',
    wanted: 'All placed sites: the sum of the others.',
  },
  'fleet/v1alpha1.ApplicationRevision': {
    '': 'ApplicationRevision is the result of the source of an application at one time. Its spec never changes.',
  },
  'fleet/v1alpha1.ApplicationRevisionSpec': {
    application: 'Name of the application, in the same namespace.',
    digest: '"sha256:" and the hexadecimal SHA-256 of the manifests.',
    images: 'Every image that the objects name.',
    manifests: 'Canonical JSON of the array of objects.',
    objects: 'What the manifests hold, in their order.',
    origin: 'What the revision was made from.',
    signature: 'A signature over the digest.',
  },
  'fleet/v1alpha1.ApplicationInstance': {
    '': 'ApplicationInstance is one application at one site: what is wanted there, and what the site last said of it.',
  },
  'fleet/v1alpha1.ApplicationInstanceSpec': {
    application: 'Name of the application, in the same namespace.',
    revision: 'The revision that the site shall run.',
    site: 'Name of the site.',
  },
  'fleet/v1alpha1.ApplicationInstanceStatus': {
    conditions: 'Conditions by type.',
    lastReportTime: 'When the site last reported, by the clock of the hub.',
    message: 'Why it is in its phase, in a sentence.',
    phase: '"Pending", "Progressing", "Running", "Degraded", "Failed" or "Removing".',
    reason: 'Why it is in its phase, in a word.',
    resources: 'The objects of the application, as they stand at the site.',
    runningRevision: 'The revision that the site runs.',
  },
  'fleet/v1alpha1.JoinToken': {
    '': 'JoinToken is permission to enrol hosts, by a secret of which only the hash is kept.',
  },
  'fleet/v1alpha1.JoinTokenSpec': {
    expiresAt: 'The token is refused from then on.',
    site: 'The only site that may be joined; any where absent.',
    siteLabels: 'Labels that a site gets that is made by joining.',
    tokenHash: '"sha256:" and the hexadecimal SHA-256 of the token.',
    usesMax: 'How many hosts may join with it.',
  },
  'fleet/v1alpha1.JoinTokenStatus': {
    lastUsedTime: 'When a host last joined with it.',
    uses: 'How many hosts have joined with it.',
  },
};
