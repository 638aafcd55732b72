import type { KubeObject } from '#api/object.ts';

/** `autoscaling/v2.Scale`. */
export interface Scale extends KubeObject {
  apiVersion: 'autoscaling/v1';
  kind: 'Scale';
  spec: ScaleSpec;
  status?: ScaleStatus;
}

/** `autoscaling/v2.ScaleSpec`. */
export interface ScaleSpec {
  replicas?: number;
}

/** `autoscaling/v2.ScaleStatus`. */
export interface ScaleStatus {
  replicas: number;
  selector?: string;
}
