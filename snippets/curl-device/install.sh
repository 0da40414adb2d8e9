npm install qr
