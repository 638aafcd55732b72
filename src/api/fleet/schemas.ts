/** The definitions of our own kinds, in the notation of schema-notation.ts. */
export const FLEET_SCHEMAS: Readonly<Record<string, string>> = {
  ...kind('Site', { status: true }),
  'fleet/v1alpha1.SiteSpec': 'blocked:boolean location:fleet/v1alpha1.SiteLocation provider:string',
  'fleet/v1alpha1.SiteLocation': 'address:string latitude:double longitude:double',
  'fleet/v1alpha1.SiteStatus': [
    'addresses:[fleet/v1alpha1.SiteAddress] allocatable:{quantity} applications:fleet/v1alpha1.SiteApplications',
    'capacity:{quantity} conditions:[meta/v1.Condition] connectivity:fleet/v1alpha1.SiteConnectivity',
    'hosts:[fleet/v1alpha1.SiteHost] lastReportTime:time versions:fleet/v1alpha1.SiteVersions',
  ].join(' '),
  'fleet/v1alpha1.SiteAddress': 'address!:string type!:string',
  'fleet/v1alpha1.SiteApplications': 'running!:int32 wanted!:int32',
  'fleet/v1alpha1.SiteConnectivity': 'hub:string lastContactTime:time since!:time state!:string',
  'fleet/v1alpha1.SiteHost': [
    'addresses:[fleet/v1alpha1.SiteAddress] allocatable:{quantity} architecture:string capacity:{quantity} name!:string',
    'operatingSystem:string ready!:string versions:fleet/v1alpha1.SiteVersions',
  ].join(' '),
  'fleet/v1alpha1.SiteVersions': 'containerRuntime:string kernel:string kubernetes:string skerry:string',

  ...kind('Application', { status: true }),
  'fleet/v1alpha1.ApplicationSpec':
    'placement!:fleet/v1alpha1.ApplicationPlacement source!:fleet/v1alpha1.ApplicationSource suspend:boolean',
  'fleet/v1alpha1.ApplicationSource': 'inline:fleet/v1alpha1.InlineSource selector:meta/v1.LabelSelector',
  'fleet/v1alpha1.InlineSource': 'manifests!:[any]',
  'fleet/v1alpha1.ApplicationPlacement': 'siteSelector:meta/v1.LabelSelector sites:[string]',
  'fleet/v1alpha1.ApplicationStatus': [
    'conditions:[meta/v1.Condition] observedGeneration:int64 revision:fleet/v1alpha1.RevisionReference',
    'sites:fleet/v1alpha1.ApplicationSites',
  ].join(' '),
  'fleet/v1alpha1.ApplicationSites':
    'failed!:int32 offline!:int32 running!:int32 updating!:int32 wanted!:int32',
  'fleet/v1alpha1.RevisionReference': 'digest!:string name!:string',

  ...kind('ApplicationRevision', { status: false }),
  'fleet/v1alpha1.ApplicationRevisionSpec': [
    'application!:string digest!:string images:[string] manifests!:string objects!:[fleet/v1alpha1.RevisionObject]',
    'origin:fleet/v1alpha1.RevisionOrigin signature:fleet/v1alpha1.RevisionSignature',
  ].join(' '),
  'fleet/v1alpha1.RevisionObject': 'apiVersion!:string kind!:string name!:string namespace:string',
  'fleet/v1alpha1.RevisionOrigin': 'generation!:int64 source!:string',
  'fleet/v1alpha1.RevisionSignature': 'keyId!:string value!:byte',

  ...kind('ApplicationInstance', { status: true }),
  'fleet/v1alpha1.ApplicationInstanceSpec':
    'application!:string revision!:fleet/v1alpha1.RevisionReference site!:string',
  'fleet/v1alpha1.ApplicationInstanceStatus': [
    'conditions:[meta/v1.Condition] lastReportTime:time message:string observedGeneration:int64 phase:string reason:string',
    'resources:[fleet/v1alpha1.InstanceResource] runningRevision:fleet/v1alpha1.RevisionReference',
  ].join(' '),
  'fleet/v1alpha1.InstanceResource':
    'apiVersion!:string desired:int32 health!:string kind!:string message:string name!:string namespace:string ready:int32',

  ...kind('JoinToken', { status: true }),
  'fleet/v1alpha1.JoinTokenSpec':
    'expiresAt!:time site:string siteLabels:{string} tokenHash!:string usesMax!:int32',
  'fleet/v1alpha1.JoinTokenStatus': 'lastUsedTime:time uses!:int32',
};

/** The definition of a kind itself. */
function kind(name: string, { status }: { status: boolean }): Record<string, string> {
  const fields = `apiVersion:string kind:string metadata:meta/v1.ObjectMeta spec!:fleet/v1alpha1.${name}Spec`;
  return { [`fleet/v1alpha1.${name}`]: status ? `${fields} status:fleet/v1alpha1.${name}Status` : fields };
}
