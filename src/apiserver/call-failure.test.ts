import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAnswer, describeConnectionError } from '#apiserver/call-failure.ts';

function failure(fields: object, message = 'it failed'): Error {
  return Object.assign(new Error(message), fields);
}

test('a connection that fails is described as kube-apiserver does', () => {
  const at = { address: '10.0.0.1', port: 443 };
  const altname = (host: string, subjectaltname?: string) => ({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    host,
    cert: subjectaltname === undefined ? {} : { subjectaltname },
  });
  const x509 = 'tls: failed to verify certificate: x509: ';
  const cases: [Error, string][] = [
    [failure({ code: 'ECONNREFUSED', ...at }), 'dial tcp 10.0.0.1:443: connect: connection refused'],
    [
      failure({ code: 'EHOSTUNREACH', address: '::1', port: 80 }),
      'dial tcp [::1]:80: connect: no route to host',
    ],
    [
      new AggregateError([failure({ code: 'ECONNREFUSED', ...at })]),
      'dial tcp 10.0.0.1:443: connect: connection refused',
    ],
    [failure({ code: 'ENOTFOUND', hostname: 'hook.example' }), 'dial tcp: lookup hook.example: no such host'],
    [failure({ code: 'ECONNRESET' }, 'socket hang up'), 'EOF'],
    [failure({ code: 'ECONNRESET' }, 'read ECONNRESET'), 'read: connection reset by peer'],
    [
      failure({ code: 'EPROTO' }, 'ssl: wrong version number'),
      'http: server gave HTTP response to HTTPS client',
    ],
    [failure({ code: 'SELF_SIGNED_CERT_IN_CHAIN' }), `${x509}certificate signed by unknown authority`],
    [failure({ code: 'CERT_HAS_EXPIRED' }), `${x509}certificate has expired or is not yet valid`],
    [
      failure(altname('b.svc', 'DNS:a.svc, DNS:c.svc')),
      `${x509}certificate is valid for a.svc, c.svc, not b.svc`,
    ],
    [failure(altname('b.svc')), `${x509}certificate is not valid for any names, but wanted to match b.svc`],
    [
      failure(altname('10.0.0.1', 'DNS:a.svc')),
      `${x509}cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs`,
    ],
    [failure({}, 'another thing'), 'another thing'],
  ];
  for (const [error, text] of cases) assert.equal(describeConnectionError(error), text);
});

test('an answer that is no success is described as kube-apiserver does', () => {
  const cases: [number, string, string][] = [
    [404, 'not here', 'the server could not find the requested resource'],
    [403, 'go away\n', 'go away'],
    [500, 'boom "x"', 'an error on the server ("boom \\"x\\"") has prevented the request from succeeding'],
    [502, '', 'an error on the server ("unknown") has prevented the request from succeeding'],
    [503, '', 'the server is currently unable to handle the request'],
    [302, '', 'the server responded with the status code 302 but did not return more details'],
    [500, '{"kind":"Status","status":"Failure","message":"said so"}', 'said so'],
  ];
  for (const [status, text, described] of cases) assert.equal(describeAnswer({ status, text }), described);
});
