VERIFICATION_URI_COMPLETE='…'
node -e '
  import("qr").then(({ encodeQR }) => console.log(`\x1b[97;40m${encodeQR(process.argv[1], "ascii")}\x1b[0m`))
' "$VERIFICATION_URI_COMPLETE"
