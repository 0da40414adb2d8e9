type Value = string | number | { [key: string]: Value } | Value[]

/** A value of the MaxMind DB format, version 2.0. */
function encode(value: Value): Buffer {
  const head = (type: number, size: number): Buffer => {
    const [first, extra] = size < 29 ? [size, []] : [29, [size - 29]]
    return type > 7 ? Buffer.from([first, type - 7, ...extra]) : Buffer.from([(type << 5) | first, ...extra])
  }
  if (typeof value === 'string') return Buffer.concat([head(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return Buffer.concat([head(6, 4), bytes])
  }
  if (Array.isArray(value)) return Buffer.concat([head(11, value.length), ...value.map(encode)])
  const entries = Object.entries(value)
  return Buffer.concat([
    head(7, entries.length),
    ...entries.flatMap(([key, each]) => [encode(key), encode(each)]),
  ])
}

/** A MaxMind DB of IPv4 networks: an operator's own file, in a few lines. @param networks “203.0.113.0/24” and its record */
export function mmdb(networks: Record<string, { [key: string]: Value }>): Buffer {
  type Node = [Child, Child]
  type Child = Node | { at: number } | undefined
  const root: Node = [undefined, undefined]
  const nodes: Node[] = [root]
  const data: Buffer[] = []
  let length = 0
  for (const [network, record] of Object.entries(networks)) {
    const [address = '', prefix = '32'] = network.split('/')
    const bits = [...Buffer.from(address.split('.').map(Number))]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('')
      .slice(0, Number(prefix))
    let node = root
    for (const bit of bits.slice(0, -1)) {
      const side = bit === '1' ? 1 : 0
      let next = node[side]
      if (!Array.isArray(next)) {
        next = [undefined, undefined]
        nodes.push(next)
        node[side] = next
      }
      node = next
    }
    const encoded = encode(record)
    node[bits.endsWith('1') ? 1 : 0] = { at: length }
    data.push(encoded)
    length += encoded.length
  }
  const tree = Buffer.concat(
    nodes.map((node) => {
      const record = Buffer.alloc(6)
      node.forEach((child, side) => {
        const value =
          child === undefined
            ? nodes.length
            : Array.isArray(child)
              ? nodes.indexOf(child)
              : nodes.length + 16 + child.at
        record.writeUIntBE(value, side * 3, 3)
      })
      return record
    }),
  )
  const metadata = encode({
    node_count: nodes.length,
    record_size: 24,
    ip_version: 4,
    database_type: 'Test-City',
    languages: ['en'],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1,
    description: { en: 'a test' },
  })
  return Buffer.concat([
    tree,
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    metadata,
  ])
}
