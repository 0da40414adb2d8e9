/** The kinds of pictures that are kept, with the bytes that each begins with. */
const KINDS: readonly { type: string; begins: (bytes: Buffer) => boolean }[] = [
  { type: 'image/png', begins: (bytes) => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n' },
  { type: 'image/jpeg', begins: (bytes) => bytes.subarray(0, 3).toString('latin1') === '\xff\xd8\xff' },
  {
    type: 'image/webp',
    begins: (bytes) =>
      bytes.subarray(0, 4).toString('latin1') === 'RIFF' &&
      bytes.subarray(8, 12).toString('latin1') === 'WEBP',
  },
]

/** What a picture is by its first bytes, whatever it is called; undefined: none that is kept. SVG is none: it is a program. */
export const mediaTypeOf = (bytes: Uint8Array): string | undefined =>
  KINDS.find(({ begins }) => begins(Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16))))
    ?.type
