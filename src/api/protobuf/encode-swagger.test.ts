import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSwagger } from '#api/protobuf/encode-swagger.ts';
import { messageWriter } from '#api/protobuf/message-writer.ts';
import { nextField, readText, type WireReader, wireReader } from '#api/protobuf/wire.ts';

/** A message as `number: text, number or message`, in the order in which it stands. */
type Shown = [number: number, value: string | number | Shown][];

/** Reads by a shape: the numbers of the fields that are messages, and what is in those. */
interface Shape {
  readonly [number: number]: Shape;
}

function show(reader: WireReader, shape: Shape): Shown {
  const shown: Shown = [];
  for (let field = nextField(reader); field !== undefined; field = nextField(reader)) {
    if (field.wire === 'varint') shown.push([field.number, field.value]);
    if (field.wire !== 'bytes') continue;
    const inner = shape[field.number];
    shown.push([field.number, inner === undefined ? readText(field.reader) : show(field.reader, inner)]);
  }
  return shown;
}

test('a message in a message is as long as it says, whatever its length', () => {
  for (const length of [0, 1, 126, 127, 128, 129, 16_382, 16_383, 16_384, 70_000]) {
    const text = 'ü'.repeat(length / 2) + 'x'.repeat(length % 2);
    const writer = messageWriter();
    writer.message(1, (inner) => {
      inner.text(2, text);
      inner.bool(3, true);
      inner.bool(4, false);
    });
    writer.text(5, 'after');
    const expected: Shown = [
      [1, [...(text === '' ? [] : [[2, text] as Shown[number]]), [3, 1]]],
      [5, 'after'],
    ];
    assert.deepEqual(show(wireReader(writer.bytes()), { 1: {} }), expected, `${length} bytes`);
  }
});

test('definitions and operations as gnostic numbers them', () => {
  const schema: Shape = { 20: {}, 21: { 1: {} }, 22: {}, 23: { 1: { 22: {} } }, 31: { 2: {} } };
  const withProperties: Shape = { ...schema, 25: { 1: { 2: schema } } };
  const parameter: Shape = { 1: { 1: { 5: schema }, 2: { 3: {}, 4: {} } } };
  const operation: Shape = { 8: parameter, 9: { 1: { 2: { 1: { 2: { 1: schema } } } } }, 13: { 2: {} } };
  const shape: Shape = {
    2: {},
    8: { 2: { 2: { 2: operation, 8: operation, 9: parameter } } },
    9: { 1: { 2: withProperties } },
  };
  const document = {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: {
      '/a/{name}': {
        parameters: [{ name: 'name', in: 'path', type: 'string', required: true, uniqueItems: true }],
        patch: {
          operationId: 'patchA',
          consumes: ['x/y'],
          produces: ['application/json'],
          parameters: [
            { name: 'body', in: 'body', required: true, schema: { type: 'object' } },
            { name: 'force', in: 'query', type: 'boolean', uniqueItems: true },
          ],
          responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/A' } } },
          'x-kubernetes-action': 'patch',
        },
      },
    },
    definitions: {
      A: {
        type: 'object',
        description: 'An a.',
        required: ['b'],
        properties: { b: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' } },
      },
    },
  };
  assert.deepEqual(show(wireReader(encodeSwagger(document)), shape), [
    [1, '2.0'],
    [
      2,
      [
        [1, 'Kubernetes'],
        [2, 'v1'],
      ],
    ],
    [
      8,
      [
        [
          2,
          [
            [1, '/a/{name}'],
            [
              2,
              [
                [
                  8,
                  [
                    [5, 'patchA'],
                    [6, 'application/json'],
                    [7, 'x/y'],
                    [
                      8,
                      [
                        [
                          1,
                          [
                            [
                              1,
                              [
                                [2, 'body'],
                                [3, 'body'],
                                [4, 1],
                                [5, [[22, [[1, 'object']]]]],
                              ],
                            ],
                          ],
                        ],
                      ],
                    ],
                    [
                      8,
                      [
                        [
                          1,
                          [
                            [
                              2,
                              [
                                [
                                  3,
                                  [
                                    [2, 'query'],
                                    [4, 'force'],
                                    [6, 'boolean'],
                                    [20, 1],
                                  ],
                                ],
                              ],
                            ],
                          ],
                        ],
                      ],
                    ],
                    [
                      9,
                      [
                        [
                          1,
                          [
                            [1, '200'],
                            [
                              2,
                              [
                                [
                                  1,
                                  [
                                    [1, 'OK'],
                                    [2, [[1, [[1, '#/definitions/A']]]]],
                                  ],
                                ],
                              ],
                            ],
                          ],
                        ],
                      ],
                    ],
                    [
                      13,
                      [
                        [1, 'x-kubernetes-action'],
                        [2, [[2, '"patch"\n']]],
                      ],
                    ],
                  ],
                ],
                [
                  9,
                  [
                    [
                      1,
                      [
                        [
                          2,
                          [
                            [
                              4,
                              [
                                [1, 1],
                                [2, 'path'],
                                [4, 'name'],
                                [5, 'string'],
                                [19, 1],
                              ],
                            ],
                          ],
                        ],
                      ],
                    ],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ],
    [
      9,
      [
        [
          1,
          [
            [1, 'A'],
            [
              2,
              [
                [4, 'An a.'],
                [19, 'b'],
                [22, [[1, 'object']]],
                [
                  25,
                  [
                    [
                      1,
                      [
                        [1, 'b'],
                        [
                          2,
                          [
                            [22, [[1, 'array']]],
                            [23, [[1, [[22, [[1, 'string']]]]]]],
                            [
                              31,
                              [
                                [1, 'x-kubernetes-list-type'],
                                [2, [[2, '"set"\n']]],
                              ],
                            ],
                          ],
                        ],
                      ],
                    ],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ],
  ]);
});
