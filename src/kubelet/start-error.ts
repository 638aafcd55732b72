/** Why a container or a pod could not be started; `reason` is what `state.waiting.reason` shows. */
export type StartFailure =
  | 'CreateContainerConfigError'
  | 'CreateContainerError'
  | 'RunContainerError'
  | 'PostStartHookError'
  | 'ErrImagePull'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'FailedMount'
  | 'FailedCreatePodSandBox';

/** A start that failed for a reason that people can act on. The message is one sentence, and stands in events and in the status. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly reason: StartFailure;
  constructor(reason: StartFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}
