npm install express jose
