/** `admissionregistration.k8s.io/v1.WebhookClientConfig`. */
export interface WebhookClientConfig {
  caBundle?: string;
  service?: ServiceReference;
  url?: string;
}

/** `admissionregistration.k8s.io/v1.ServiceReference`. */
export interface ServiceReference {
  name: string;
  namespace: string;
  path?: string;
  port?: number;
}
